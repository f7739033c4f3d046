# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Rejects options that CMake would ignore, or that would fail later with a message
# about something else.

# diff_check_package_dir(<variable> <file>): the folder of a package that the user
# names. find_package would search for another one.
function(diff_check_package_dir variable file)
  if(DEFINED ${variable} AND NOT "${${variable}}" STREQUAL ""
     AND NOT "${${variable}}" MATCHES "-NOTFOUND$"
     AND NOT EXISTS "${${variable}}/${file}")
    message(FATAL_ERROR "${variable} is '${${variable}}', which has no ${file}")
  endif()
endfunction()

# diff_check_program(<variable>): the path of a program, or empty.
function(diff_check_program variable)
  if("${${variable}}" STREQUAL "" OR "${${variable}}" MATCHES "-NOTFOUND$")
    return()
  endif()
  if(NOT EXISTS "${${variable}}" OR IS_DIRECTORY "${${variable}}")
    message(FATAL_ERROR "${variable} is '${${variable}}', which is no program")
  endif()
endfunction()

if(PROJECT_SOURCE_DIR STREQUAL PROJECT_BINARY_DIR)
  message(FATAL_ERROR "The build folder is the source folder; use another one, "
                      "for example cmake --preset release")
endif()
diff_check_package_dir(MLIR_DIR MLIRConfig.cmake)
diff_check_package_dir(LLVM_DIR LLVMConfig.cmake)
diff_check_package_dir(LLD_DIR LLDConfig.cmake)
foreach(program DIFF_PYTHON DIFF_PTXAS DIFF_LIT)
  diff_check_program(${program})
endforeach()
set(build_types Debug Release RelWithDebInfo MinSizeRel)
if(CMAKE_BUILD_TYPE AND NOT CMAKE_BUILD_TYPE IN_LIST build_types)
  list(JOIN build_types ", " legal)
  message(FATAL_ERROR "CMAKE_BUILD_TYPE is '${CMAKE_BUILD_TYPE}'; ${legal} are "
                      "legal")
endif()
if(NOT DIFF_UNITY_BATCH MATCHES "^[0-9]+$")
  message(FATAL_ERROR "DIFF_UNITY_BATCH is '${DIFF_UNITY_BATCH}'; a number is "
                      "legal, 0 for all sources of a library")
endif()
# 98 is older than 11.
if(CMAKE_CXX_STANDARD LESS 17 OR CMAKE_CXX_STANDARD EQUAL 98)
  message(FATAL_ERROR "CMAKE_CXX_STANDARD is ${CMAKE_CXX_STANDARD}; MLIR needs 17 "
                      "or later")
endif()
