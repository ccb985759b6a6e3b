# The libraries that are installed: shared and static, each with the names that
# cmake/exports/NAME.txt lists and no other, for pkg-config and find_package.
include(GNUInstallDirs)
find_package(Threads REQUIRED)

# What a module stands on: static libraries in *_modules, packages in *_packages.
function(berty_closure module modules packages)
  set(todo berty_${module})
  set(seen)
  set(found)
  set(needs)
  while(todo)
    list(POP_FRONT todo target)
    if(target IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${target})
    if(target MATCHES "^PkgConfig::(.*)$")
      get_property(package GLOBAL PROPERTY BERTY_${CMAKE_MATCH_1})
      list(APPEND needs ${package})
    elseif(target MATCHES "^berty_")
      get_target_property(type ${target} TYPE)
      if(type STREQUAL STATIC_LIBRARY)
        list(APPEND found ${target})
      endif()
      get_target_property(next ${target} INTERFACE_LINK_LIBRARIES)
      if(next)
        list(APPEND todo ${next})
      endif()
    endif()
  endwhile()
  set(${modules} ${found} PARENT_SCOPE)
  set(${packages} ${needs} PARENT_SCOPE)
endfunction()

# berty_library(NAME DESCRIPTION … MODULES … HEADERS …): libNAME.so, libNAME.a, NAME.pc and
# the CMake target berty::NAME, as install component NAME; in these two names
# without its "berty-".
function(berty_library name)
  cmake_parse_arguments(L "" "DESCRIPTION" "MODULES;HEADERS" ${ARGN})
  set(modules)
  set(packages)
  foreach(module IN LISTS L_MODULES)
    berty_closure(${module} m p)
    list(APPEND modules ${m})
    list(APPEND packages ${p})
  endforeach()
  list(REMOVE_DUPLICATES modules)
  list(REMOVE_DUPLICATES packages)
  set(exports ${CMAKE_SOURCE_DIR}/cmake/exports/${name}.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${exports})
  file(STRINGS ${exports} symbols)
  string(MAKE_C_IDENTIFIER ${name} id)
  string(TOUPPER ${id} version)
  string(REPLACE BERTY LIBBERTY version ${version})
  list(JOIN symbols "; " listed)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/${name}.map
    CONTENT "${version}_0 { global: ${listed}; local: *; };\n")
  list(TRANSFORM symbols PREPEND "-Wl,-u," OUTPUT_VARIABLE wanted)

  file(WRITE ${CMAKE_BINARY_DIR}/${name}.c "/* All of it is in the modules. */\n")
  add_library(${id}_shared SHARED ${CMAKE_BINARY_DIR}/${name}.c)
  target_compile_options(${id}_shared PRIVATE -w)
  target_link_libraries(${id}_shared PRIVATE ${modules} Threads::Threads)
  target_link_options(${id}_shared PRIVATE ${wanted} -Wl,--gc-sections
    -Wl,--as-needed -Wl,--version-script=${CMAKE_BINARY_DIR}/${name}.map)
  set_target_properties(${id}_shared PROPERTIES OUTPUT_NAME ${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS "${exports};${CMAKE_BINARY_DIR}/${name}.map")
  target_include_directories(${id}_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)

  # One object whose inner names are local: no program can clash with them.
  list(TRANSFORM symbols PREPEND "-u;" OUTPUT_VARIABLE pulled)
  set(files)
  foreach(module IN LISTS modules)
    list(APPEND files $<TARGET_FILE:${module}>)
  endforeach()
  set(strip)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    set(strip --strip-unneeded)
  endif()
  set(archive ${CMAKE_BINARY_DIR}/lib${name}.a)
  set(object ${CMAKE_BINARY_DIR}/${name}.o)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_LINKER} -r --gc-sections -o ${object} ${pulled}
      --start-group ${files} --end-group
    # What all of them have may be there twice.
    COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${exports}
      --weaken-symbol=berty_error_name --weaken-symbol=berty_error_format
      ${strip}
      ${object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} rcs ${archive} ${object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${object}
    DEPENDS ${modules} ${exports} COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Linking lib${name}.a")
  add_custom_target(${id}_archive ALL DEPENDS ${archive})

  # --- what is installed
  list(JOIN packages " " requires)
  string(REPLACE "berty-" "" component ${name})
  set(imported berty::${component})
  set(library_name ${name})
  file(RELATIVE_PATH include_from_pc
    /${CMAKE_INSTALL_LIBDIR}/pkgconfig /${CMAKE_INSTALL_INCLUDEDIR})
  set(description ${L_DESCRIPTION})
  set(soname lib${name}.so.${PROJECT_VERSION_MAJOR})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/library.pc.in
    ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/library-target.cmake.in
    ${CMAKE_BINARY_DIR}/package/${name}-target.cmake @ONLY)
  install(TARGETS ${id}_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT ${component})
  install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT ${component})
  list(TRANSFORM L_HEADERS PREPEND ${CMAKE_SOURCE_DIR}/include/berty/
    OUTPUT_VARIABLE headers)
  install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/berty
    COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/package/${name}-target.cmake
    ${CMAKE_BINARY_DIR}/package/berty-config.cmake
    ${CMAKE_BINARY_DIR}/package/berty-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berty COMPONENT ${component})
  add_library(${imported} ALIAS ${id}_shared)
  add_dependencies(libraries ${id}_shared ${id}_archive)
endfunction()

# What `make install` needs besides the program.
add_custom_target(libraries)

include(CMakePackageConfigHelpers)
write_basic_package_version_file(
  ${CMAKE_BINARY_DIR}/package/berty-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
configure_file(${CMAKE_SOURCE_DIR}/cmake/berty-config.cmake.in
  ${CMAKE_BINARY_DIR}/package/berty-config.cmake COPYONLY)
