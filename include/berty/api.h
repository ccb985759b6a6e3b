/* api.h: how the public headers mark what they declare. */
#ifndef BERTY_API_H
#define BERTY_API_H

#ifdef __cplusplus
#define BERTY_BEGIN extern "C" {
#define BERTY_END }
#else
#define BERTY_BEGIN
#define BERTY_END
#endif

/* A function of the library, seen from outside. */
#ifdef __GNUC__
#define BERTY_API __attribute__((visibility("default")))
#else
#define BERTY_API
#endif

#endif /* !BERTY_API_H */
