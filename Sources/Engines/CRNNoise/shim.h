// What Mynah uses of RNNoise 0.2. The wheel that brings the library has no header.

typedef struct DenoiseState DenoiseState;
typedef struct RNNModel RNNModel;

/// Samples of a frame: 480, 10 ms at 48 kHz.
int rnnoise_get_frame_size(void);
/// A suppressor at the beginning of a stream; a null model is the one that is built in.
DenoiseState *rnnoise_create(RNNModel *model);
void rnnoise_destroy(DenoiseState *state);
/// Suppresses the noise in one frame of samples in ±32768, and returns the probability of speech.
float rnnoise_process_frame(DenoiseState *state, float *output, const float *input);
