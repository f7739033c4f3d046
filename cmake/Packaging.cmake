# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# `cpack -G DEB` in the build folder writes a Debian package with everything that
# is installed. scripts/package.sh tests it on a clean system.

set(DIFF_PACKAGE_CONTACT "DiffMLIR developers <developers@diff-mlir.invalid>"
    CACHE STRING "Maintainer of the Debian package: name and address")

set(doc_dir "${CMAKE_INSTALL_DATADIR}/doc/diff-mlir")
install(FILES "${PROJECT_SOURCE_DIR}/README.md" DESTINATION "${doc_dir}"
  COMPONENT documentation)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" "${PROJECT_SOURCE_DIR}/examples"
  DESTINATION "${doc_dir}" COMPONENT documentation
  PATTERN "__pycache__" EXCLUDE)
# The generated reference, if diff-doc was built.
install(DIRECTORY "${PROJECT_BINARY_DIR}/docs/" DESTINATION "${doc_dir}/reference"
  COMPONENT documentation OPTIONAL)

# What only a Debian package has.
set(debian_dir "${CMAKE_CURRENT_SOURCE_DIR}/debian")
set(output_dir "${CMAKE_CURRENT_BINARY_DIR}/debian")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file("${debian_dir}/changelog.in" "${output_dir}/changelog.Debian" @ONLY)
configure_file("${debian_dir}/shlibs.in" "${output_dir}/shlibs" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${output_dir}/changelog"
  COPYONLY)
foreach(name changelog changelog.Debian)
  file(ARCHIVE_CREATE OUTPUT "${output_dir}/${name}.gz"
    PATHS "${output_dir}/${name}" FORMAT raw COMPRESSION GZip
    COMPRESSION_LEVEL 9 MTIME "1970-01-01 00:00:00 UTC")
  install(FILES "${output_dir}/${name}.gz" DESTINATION "${doc_dir}"
    COMPONENT debian EXCLUDE_FROM_ALL)
endforeach()
install(FILES "${debian_dir}/copyright" DESTINATION "${doc_dir}"
  COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES "${debian_dir}/lintian-overrides"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides" RENAME diff-mlir
  COMPONENT debian EXCLUDE_FROM_ALL)

set(CPACK_PACKAGE_NAME diff-mlir)
set(CPACK_PACKAGE_CONTACT "${DIFF_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler for differential attention")
set(CPACK_PACKAGE_DESCRIPTION
"DiffMLIR is an MLIR dialect and compiler for differential attention. It
compiles IR with attention ops to fused GPU kernels in PTX and to CPU code.
.
This package contains the tools, the plugin for mlir-opt, the libraries with
their headers and CMake package, and a simulator of PTX.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/package")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${PROJECT_BINARY_DIR};DiffMLIR;ALL;/;${PROJECT_BINARY_DIR};DiffMLIR;debian;/")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${debian_dir}/triggers" "${output_dir}/shlibs")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The tools need the shared libraries only. Compiling with the CMake package also
# needs the headers of LLVM and MLIR, and its targets name their tools.
# dpkg-shlibdeps does not know libLLVM by its name in LLVM's folder, and not that
# diff-run loads libomp, which Debian has from LLVM 19 only.
set(llvm "${LLVM_VERSION_MAJOR}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libllvm${llvm}, libomp5-19 | libomp-${llvm}-dev")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
set(recommends "libmlir-${llvm}-dev, mlir-${llvm}-tools, llvm-${llvm}-dev")
if(DIFF_HAVE_LLD)
  string(APPEND recommends ", liblld-${llvm}-dev")
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "${recommends}, cmake, g++")
# For the examples.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-numpy")
include(CPack)
