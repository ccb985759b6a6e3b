/*
 * version.h: which libberty this is.  The one place that knows: the program's
 * `version`, what peers read as the agent, and SystemInfo take it from here.
 */
#ifndef BERTY_VERSION_VERSION_H
#define BERTY_VERSION_VERSION_H

#include <stdint.h>

/* "0.1.0", of the CMake project. */
const char * version_text(void);

/* What `git describe` said of the source, or "" outside a repository. */
const char * version_vcs_ref(void);

/* "libberty/0.1.0": identify's agentVersion. */
const char * version_agent(void);

/* The compiler, as it names itself. */
const char * version_compiler(void);

/*
 * When the source was committed (or configured, outside a repository), unix s:
 * no clock that is right shows less.
 */
int64_t version_date(void);

#endif /* !BERTY_VERSION_VERSION_H */
