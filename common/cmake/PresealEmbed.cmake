# SPDX-License-Identifier: Apache-2.0
# Links a folder's files into the program:
#   preseal_embed(server_dashboard_files DIRECTORY dist FUNCTION preseal::server::DashboardFiles)
# makes a library that defines `std::span<const preseal::EmbeddedFile> DashboardFiles()` in that
# namespace; declare it in a header of your own. An absent or empty folder gives an empty span.
# The assembler copies the bytes (a C array of the same takes twenty times as long to compile).
function(preseal_embed name)
  cmake_parse_arguments(ARG "" "DIRECTORY;FUNCTION" "" ${ARGN})
  get_filename_component(root ${ARG_DIRECTORY} ABSOLUTE)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*)
  list(SORT files)

  set(assembly ".section .rodata\n")
  set(declarations "")
  set(rows "")
  set(paths "")
  set(index 0)
  foreach(file IN LISTS files)
    set(path ${root}/${file})
    list(APPEND paths ${path})
    file(SHA256 ${path} digest)
    set(symbol ${name}_${index})
    string(APPEND assembly ".global ${symbol}\n.global ${symbol}_end\n.balign 16\n"
      "${symbol}:\n.incbin \"${path}\"\n${symbol}_end:\n.byte 0\n")
    string(APPEND declarations "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
    string(APPEND rows
      "    {\"${file}\", Range(${symbol}, ${symbol}_end),\n     \"${digest}\"},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  # Without this note the linker would make the stack executable.
  string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")

  string(REGEX MATCH "^(.*)::([^:]+)$" _ ${ARG_FUNCTION})
  set(namespace ${CMAKE_MATCH_1})
  set(function ${CMAKE_MATCH_2})
  if(index EQUAL 0)
    set(body "  return {};\n")
  else()
    set(body "  static const preseal::EmbeddedFile kFiles[] = {\n${rows}  };\n  return kFiles;\n")
  endif()
  string(CONCAT table "// Made by PresealEmbed.cmake.\n#include <cstddef>\n#include <span>\n\n"
    "#include \"common/base/embedded_file.h\"\n\n"
    "extern \"C\" {\n${declarations}}\n\nnamespace ${namespace} {\n"
    "[[maybe_unused]] static std::string_view Range(const char* begin, const char* end) {\n"
    "  return {begin, static_cast<std::size_t>(end - begin)};\n}\n"
    "std::span<const preseal::EmbeddedFile> ${function}();\n"
    "std::span<const preseal::EmbeddedFile> ${function}() {\n${body}}\n}  // namespace ${namespace}\n")

  set(base ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(CONFIGURE OUTPUT ${base}.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${base}.cc CONTENT "${table}" @ONLY)
  # New contents change the digests, hence the table: configure again. The assembler's own
  # dependency scan does not see .incbin.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${paths})
  set_source_files_properties(${base}.S PROPERTIES OBJECT_DEPENDS "${paths}")
  preseal_library(${name} SOURCES ${base}.cc ${base}.S DEPS common_base)
endfunction()
