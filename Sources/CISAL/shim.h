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

/// A state for one gzip stream to be made, or NULL for want of memory; freed with swctr_gzip_free.
static inline void *swctr_gzip_new(void) {
    struct isal_zstream *stream = (struct isal_zstream *)malloc(sizeof *stream);
    void *level = malloc(ISAL_DEF_LVL2_DEFAULT);
    if (!stream || !level) {
        free(stream);
        free(level);
        return NULL;
    }
    isal_deflate_init(stream);
    stream->level = 2;
    stream->level_buf = (uint8_t *)level;
    stream->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    stream->gzip_flag = IGZIP_GZIP;
    return stream;
}

static inline void swctr_gzip_free(void *handle) {
    free(((struct isal_zstream *)handle)->level_buf);
    free(handle);
}

/// Deflates until the input is used up or the output is full; with `last`, until the stream is at its end, which
/// `finished` tells. Answers COMP_OK or an error.
static inline int swctr_gzip(void *handle, const uint8_t *input, uint32_t *input_left, uint8_t *output,
                             uint32_t *output_left, int last, int *finished) {
    struct isal_zstream *stream = (struct isal_zstream *)handle;
    stream->next_in = (uint8_t *)input;
    stream->avail_in = *input_left;
    stream->next_out = output;
    stream->avail_out = *output_left;
    stream->end_of_stream = last;
    stream->flush = NO_FLUSH;
    int result = isal_deflate(stream);
    *input_left = stream->avail_in;
    *output_left = stream->avail_out;
    *finished = stream->internal_state.state == ZSTATE_END;
    return result;
}
