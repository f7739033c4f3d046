# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Functions that declare libraries, tools and generated headers.

# Enables warnings for the sources of the project.
#
# An MLIR library compiles its sources in the object library obj.<name>.
function(diff_set_warnings target)
  if(TARGET obj.${target})
    set(target obj.${target})
  endif()
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter
                         # GCC 12 sees one in every generated attribute parser.
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
                         $<$<BOOL:${DIFF_ENABLE_WERROR}>:-Werror>)
endfunction()

# Compiles the sources of <target> together: most of the time to compile a pass
# goes to MLIR's headers. Sources whose file-local names clash set
# SKIP_UNITY_BUILD_INCLUSION.
function(diff_set_unity target)
  if(DIFF_UNITY_BUILD)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON
                          UNITY_BUILD_BATCH_SIZE ${DIFF_UNITY_BATCH})
  endif()
endfunction()

# diff_set_exports(<target> <pattern>...): exports only the symbols that match, and
# the static variables of inline functions in namespace mlir. MLIR identifies types,
# interfaces and side effects by the addresses of such variables, which must be the
# same in all libraries of a process.
function(diff_set_exports target)
  set(map "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  set(text "{\n  global:\n")
  foreach(pattern IN LISTS ARGN ITEMS "_ZZN4mlir*" "_ZGVZN4mlir*")
    string(APPEND text "    ${pattern};\n")
  endforeach()
  file(CONFIGURE OUTPUT "${map}" CONTENT "${text}  local:\n    *;\n};\n" @ONLY)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${map}")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${map}")
endfunction()

# add_diff_library(<name> <sources>... [DEPENDS <tablegen targets>...]
#                  [LINK_LIBS <own libraries>...] [MLIR_LIBS <MLIR libraries>...])
#
# Name MLIR's components in MLIR_LIBS, never in LINK_LIBS. In MLIR_LIBS they
# become the shared libMLIR if the distribution has it, and archives otherwise.
function(add_diff_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_mlir_library(${name} STATIC PARTIAL_SOURCES_INTENDED
    ${ARG_UNPARSED_ARGUMENTS}
    DEPENDS diff-headers ${ARG_DEPENDS}
    LINK_LIBS PUBLIC ${ARG_LINK_LIBS}
    DISABLE_INSTALL)
  mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR_LIBS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${name} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  diff_set_warnings(${name})
  diff_set_unity(obj.${name})
  set_property(GLOBAL APPEND PROPERTY DIFF_LIBRARIES ${name})
  install(TARGETS ${name} EXPORT DiffMLIRTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# add_diff_tool(<name> <sources>... LINK_LIBS <libraries>... [NO_INSTALL])
function(add_diff_tool name)
  cmake_parse_arguments(ARG "NO_INSTALL" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  llvm_update_compile_flags(${name})
  diff_set_warnings(${name})
  set_property(GLOBAL APPEND PROPERTY DIFF_TEST_DEPENDS ${name})
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${name} EXPORT DiffMLIRTargets
      RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# add_diff_tablegen_target(<target>): adds a tablegen target to the dependencies
# of all libraries.
macro(add_diff_tablegen_target target)
  add_public_tablegen_target(${target})
  add_dependencies(diff-headers ${target})
endmacro()

# add_diff_doc(<td file> <output name> <generator args>...): adds a page to the
# generated reference in docs/ of the build folder.
function(add_diff_doc td_file output)
  if(NOT DIFF_INCLUDE_DOCS)
    return()
  endif()
  set(LLVM_TARGET_DEFINITIONS ${td_file}.td)
  tablegen(MLIR ${output}.md ${ARGN} "-I${MLIR_MAIN_INCLUDE_DIR}"
           "-I${PROJECT_SOURCE_DIR}/include")
  set(doc "${PROJECT_BINARY_DIR}/docs/${output}.md")
  add_custom_command(OUTPUT ${doc}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${output}.md
            ${doc}
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${output}.md)
  add_custom_target(${output}DocGen DEPENDS ${doc})
  add_dependencies(diff-doc ${output}DocGen)
endfunction()
