# find_package(sepconv) defines the targets sepconv::sepconv (shared) and sepconv::static, as far as they are installed.
#
# Paths are found from where this file lies: <prefix>/share/cmake/sepconv.
get_filename_component(_sepconv_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

find_path(sepconv_INCLUDE_DIR sepconv.h HINTS "${_sepconv_prefix}/include" NO_DEFAULT_PATH)
set(_sepconv_libraries "${_sepconv_prefix}/lib" "${_sepconv_prefix}/lib64")
if(CMAKE_LIBRARY_ARCHITECTURE)
  list(APPEND _sepconv_libraries "${_sepconv_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
endif()
find_library(sepconv_LIBRARY NAMES sepconv HINTS ${_sepconv_libraries} NO_DEFAULT_PATH)
find_library(sepconv_STATIC_LIBRARY NAMES libsepconv.a sepconv.lib HINTS ${_sepconv_libraries} NO_DEFAULT_PATH)
mark_as_advanced(sepconv_INCLUDE_DIR sepconv_LIBRARY sepconv_STATIC_LIBRARY)

if(sepconv_LIBRARY AND NOT TARGET sepconv::sepconv)
  add_library(sepconv::sepconv SHARED IMPORTED)
  set_target_properties(sepconv::sepconv PROPERTIES
    IMPORTED_LOCATION "${sepconv_LIBRARY}"
    IMPORTED_IMPLIB "${sepconv_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${sepconv_INCLUDE_DIR}")
endif()

if(sepconv_STATIC_LIBRARY AND NOT TARGET sepconv::static)
  find_package(Threads QUIET)
  add_library(sepconv::static STATIC IMPORTED)
  set_target_properties(sepconv::static PROPERTIES
    IMPORTED_LOCATION "${sepconv_STATIC_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${sepconv_INCLUDE_DIR}")
  if(UNIX)
    set_property(TARGET sepconv::static PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads ${CMAKE_DL_LIBS} m)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(sepconv REQUIRED_VARS sepconv_INCLUDE_DIR sepconv_LIBRARY
  VERSION_VAR sepconv_VERSION)
unset(_sepconv_prefix)
unset(_sepconv_libraries)
