#include <pocketsphinx.h>
#include <pocketsphinx/err.h>
