# A module is a folder of src/ and a static library; it may use those it names.
find_package(PkgConfig REQUIRED)

set(BERTY_GENERATED ${CMAKE_BINARY_DIR}/generated)

function(berty_packages target)
  foreach(package IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "PKG_${package}" name)
    if(NOT TARGET PkgConfig::${name})
      pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${package})
      set_property(GLOBAL PROPERTY BERTY_${name} ${package})
    endif()
    target_link_libraries(${target} PUBLIC PkgConfig::${name})
  endforeach()
endfunction()

function(berty_module path)
  cmake_parse_arguments(M "" "" "DEPENDS;PACKAGES" ${ARGN})
  string(REPLACE "/" "_" name ${path})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${path}/*.c)
  if(sources)
    add_library(berty_${name} STATIC ${sources})
    set(kind PUBLIC)
  else()
    add_library(berty_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(berty_${name} ${kind} ${CMAKE_SOURCE_DIR}/src
    ${CMAKE_SOURCE_DIR}/include ${BERTY_GENERATED})
  foreach(other IN LISTS M_DEPENDS)
    target_link_libraries(berty_${name} ${kind} berty_${other})
  endforeach()
  if(sources)
    berty_packages(berty_${name} ${M_PACKAGES})
  endif()
endfunction()

# A package whose library a module loads when it needs it (world/os/os_library.h):
# its headers, and the library's name in the definition BERTY_<PACKAGE>.
function(berty_late name package)
  string(MAKE_C_IDENTIFIER "PKG_${package}" id)
  pkg_check_modules(${id} REQUIRED ${package})
  list(GET ${id}_LIBRARIES 0 library)
  find_library(${id}_FILE NAMES ${library} HINTS ${${id}_LIBRARY_DIRS} REQUIRED)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${${id}_FILE}
    OUTPUT_VARIABLE header COMMAND_ERROR_IS_FATAL ANY)
  if(NOT header MATCHES "SONAME +([^\n]+)")
    message(FATAL_ERROR "${${id}_FILE} has no name to be loaded by")
  endif()
  string(TOUPPER ${package} upper)
  target_compile_definitions(berty_${name} PRIVATE
    BERTY_${upper}="${CMAKE_MATCH_1}")
  target_include_directories(berty_${name} SYSTEM PRIVATE
    ${${id}_INCLUDE_DIRS})
  target_link_libraries(berty_${name} PUBLIC ${CMAKE_DL_LIBS})
endfunction()
