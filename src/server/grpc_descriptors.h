/*
 * grpc_descriptors.h: looks things up in a serialized
 * google.protobuf.FileDescriptorSet, without unpacking it.
 * Source: google/protobuf/descriptor.proto, for the field numbers.
 */
#ifndef BERTY_SERVER_GRPC_DESCRIPTORS_H
#define BERTY_SERVER_GRPC_DESCRIPTORS_H

#include "base/slice.h"

/*
 * The serialized file of that name (`berty/errcode/errcode.proto`), or an
 * empty slice.
 */
struct slice grpc_descriptors_file(struct slice set, struct slice name);

/* The file that declares a symbol, with its package and without a first dot. */
struct slice grpc_descriptors_symbol(struct slice set, struct slice symbol);

/*
 * A file and all that it imports, each once: at most max of them.  Returns how
 * many there are in list.
 */
size_t grpc_descriptors_closure(struct slice set, struct slice file,
    struct slice * list, size_t max);

#endif /* !BERTY_SERVER_GRPC_DESCRIPTORS_H */
