#include <hourglass/version.h>

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)

const char *hg_version(void)
{
	return VALUE(HG_VERSION_MAJOR) "." VALUE(HG_VERSION_MINOR) "." VALUE(HG_VERSION_PATCH);
}
