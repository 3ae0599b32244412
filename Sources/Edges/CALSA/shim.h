#include <alsa/asoundlib.h>

static inline void alsa_ignore_message(const char *file, int line, const char *function, int error, const char *format, ...) {
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

/// Keeps the library from writing to standard error: what goes wrong is in the results of its calls.
static inline void alsa_be_quiet(void) { snd_lib_error_set_handler(alsa_ignore_message); }
