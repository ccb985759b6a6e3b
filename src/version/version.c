#include "version/version.h"

#include "version_build.h"

const char *
version_text(void)
{
	return (BUILD_VERSION);
}

const char *
version_vcs_ref(void)
{
	return (BUILD_VCS_REF);
}

const char *
version_agent(void)
{
	return ("libberty/" BUILD_VERSION);
}

const char *
version_compiler(void)
{
#if defined(__clang__)
	return (__VERSION__);
#elif defined(__GNUC__)
	return ("gcc " __VERSION__);
#else
	return ("unknown");
#endif
}

int64_t
version_date(void)
{
	return (BUILD_DATE);
}
