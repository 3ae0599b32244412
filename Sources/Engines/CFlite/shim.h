#include <flite/flite.h>

/* Every voice is a library of its own, and no header declares how it is registered. */
cst_voice *register_cmu_us_slt(const char *folder);
cst_voice *register_cmu_us_awb(const char *folder);
cst_voice *register_cmu_us_rms(const char *folder);
cst_voice *register_cmu_us_kal16(const char *folder);
