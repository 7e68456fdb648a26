// ISA-L's inflate state is a struct of 90 KiB of tables, which Swift should hold by address only.
#include <isa-l/igzip_lib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/// A state for one gzip stream, or NULL for want of memory; freed with free().
static inline void *swctr_gunzip_new(void) {
    struct inflate_state *state = (struct inflate_state *)malloc(sizeof *state);
    if (state) {
        isal_inflate_init(state);
        state->crc_flag = ISAL_GZIP;
    }
    return state;
}

/// Makes the state ready for the next member of the stream.
static inline void swctr_gunzip_restart(void *handle) {
    struct inflate_state *state = (struct inflate_state *)handle;
    isal_inflate_reset(state);
    state->crc_flag = ISAL_GZIP;
}

/// Inflates until the input is used up, the output is full, or the member ends with its checksum verified.
/// Answers ISAL_DECOMP_OK or a negative error.
static inline int swctr_gunzip(void *handle, const uint8_t *input, uint32_t *input_left, uint8_t *output,
                               uint32_t *output_left, int *finished) {
    struct inflate_state *state = (struct inflate_state *)handle;
    state->next_in = (uint8_t *)input;
    state->avail_in = *input_left;
    state->next_out = output;
    state->avail_out = *output_left;
    int result = isal_inflate(state);
    *input_left = state->avail_in;
    *output_left = state->avail_out;
    *finished = state->block_state == ISAL_BLOCK_FINISH;
    return result;
}
