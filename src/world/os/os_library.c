#include "world/os/os_library.h"

#include <dlfcn.h>

void
os_library_open(struct os_library * library)
{
	/* It stays: what it began in the process cannot be undone. */
	void * handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	for (i = 0; handle != NULL && i < library->n; i++)
		if ((library->functions[i] = dlsym(handle,
		    library->names[i])) == NULL)
			break;
	if (handle == NULL || i < library->n)
		library->functions[library->n - 1] = NULL;
}

int
os_library_load(struct os_library * library, void (*load)(void),
    struct error * err)
{
	uv_once(&library->once, load);
	if (library->functions[library->n - 1] != NULL)
		return (0);
	return (error_set(err, ERR_INTERNAL,
	    "the library %s is not there, or too old", library->file));
}
