# The contracts of proto/: C code by protobuf-c, and one descriptor set that
# reflection serves, embedded as bytes.
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_GEN_C protoc-gen-c REQUIRED)

function(berty_proto)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS
    RELATIVE ${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR}/proto/*.proto)
  file(MAKE_DIRECTORY ${BERTY_GENERATED})
  set(sources)
  set(headers)
  set(inputs)
  foreach(file IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${file})
    list(APPEND sources ${BERTY_GENERATED}/${stem}.c)
    list(APPEND headers ${BERTY_GENERATED}/${stem}.h)
    list(APPEND inputs ${CMAKE_SOURCE_DIR}/proto/${file})
  endforeach()
  add_custom_command(OUTPUT ${sources} ${headers}
    COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/proto
      --c_out=${BERTY_GENERATED} ${protos}
    DEPENDS ${inputs} COMMENT "Generating protobuf code" VERBATIM)
  set(set_bin ${BERTY_GENERATED}/descriptors.bin)
  set(set_c ${BERTY_GENERATED}/descriptors.c)
  add_custom_command(OUTPUT ${set_c}
    COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/proto --include_imports
      --descriptor_set_out=${set_bin} ${protos}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${set_bin} -DOUTPUT=${set_c}
      -DNAME=proto_descriptors -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the descriptors" VERBATIM)
  add_library(berty_proto STATIC ${sources} ${set_c})
  target_compile_options(berty_proto PRIVATE -w)
  target_include_directories(berty_proto PUBLIC ${BERTY_GENERATED})
  berty_packages(berty_proto libprotobuf-c)
endfunction()
