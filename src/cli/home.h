/* Where this user's files are. */
#ifndef HG_CLI_HOME_H
#define HG_CLI_HOME_H

#include <stdbool.h>
#include <stddef.h>

/** Room for a path, with the NUL. */
#define HOME_PATH 4096

/** A variable of the environment that says something, or NULL. */
const char *home_env(const char *name);

/**
 * A file's path: what `variable` names, else `tail` below the folder that `xdg` names, else below
 * `fallback` in HOME.
 * @return false: there is no place for it
 */
bool home_path(const char *variable, const char *xdg, const char *fallback, const char *tail,
	char path[HOME_PATH]);

/** Makes the folders of a path that are missing; what cannot be made shows when the file is
 * written. */
void home_make_folders(const char *path);

/** How many processors there are; 1 where that is not known. */
unsigned processors(void);

#endif
