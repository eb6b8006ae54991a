# SPDX-License-Identifier: Apache-2.0
# Language level, warnings, sanitizers and the compiler cache, shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(PRESEAL_WERROR "Treat warnings as errors" OFF)
option(PRESEAL_WEB_REBUILD "Rebuild the dashboard with npm instead of using the committed dist" OFF)
option(PRESEAL_FUZZ "Build the fuzzers; needs clang" OFF)
set(PRESEAL_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

add_library(preseal_options INTERFACE)
target_compile_options(preseal_options INTERFACE -Wall -Wextra -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initialisers leave the rest at their defaults
  $<$<BOOL:${PRESEAL_WERROR}>:-Werror>)
target_include_directories(preseal_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(preseal_options INTERFACE PRESEAL_VERSION="${PROJECT_VERSION}")
if(PRESEAL_SANITIZE)
  target_compile_options(preseal_options INTERFACE -fsanitize=${PRESEAL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(preseal_options INTERFACE -fsanitize=${PRESEAL_SANITIZE})
endif()

# The cache sees paths relative to the source tree, so two checkouts share one compile.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
