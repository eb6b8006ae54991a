# SPDX-License-Identifier: Apache-2.0
include(GoogleTest)

# One library per folder. DEPS are linked PUBLIC.
#   preseal_library(common_base SOURCES a.cc b.cc DEPS common_status fmt::fmt)
# A folder without sources becomes an INTERFACE library.
function(preseal_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC preseal_options ${ARG_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE preseal_options ${ARG_DEPS})
  endif()
endfunction()

function(preseal_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE preseal_options ${ARG_DEPS})
endfunction()

# One GoogleTest binary; every case becomes one ctest with the label.
#   preseal_test(common_base_test LABEL unit SOURCES ids_test.cc DEPS common_base [TIMEOUT 60] [SERIAL]
#     [WHOLE])
# WHOLE makes the binary one ctest, for cases that share something slow to set up.
function(preseal_test name)
  cmake_parse_arguments(ARG "SERIAL;WHOLE" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set(serial OFF)
  if(ARG_SERIAL)
    set(serial ON)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE preseal_options ${ARG_DEPS} tests_support GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PRESEAL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT}
      RUN_SERIAL ${serial} SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}/"
    PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ${serial})
endfunction()
