/* The program's entry: Embedded Swift has no CommandLine. */
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int shim_main(int argc, char **argv);

/* Where the linker put the program's own headers. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* What the start code has relocated is constant from here on, and its list of places is not needed any more. A dynamic
 * linker would see to the first, but a static program has none, and musl's start code does not. */
static void finish_relocation(void) {
    uintptr_t base = (uintptr_t)&__ehdr_start;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *unused = NULL;
    size_t size = 0;
    for (int index = 0; index < __ehdr_start.e_phnum; index++, segment++) {
        uintptr_t start = (base + segment->p_vaddr) & -page;
        uintptr_t end = (base + segment->p_vaddr + segment->p_memsz) & -page;
        if (end <= start) continue;
        if (segment->p_type == PT_GNU_RELRO) {
            if (mprotect((void *)start, end - start, PROT_READ) < 0) _exit(127);
        } else if (segment->p_type == PT_LOAD && segment->p_offset == 0 && !(segment->p_flags & PF_X)) {
            /* The linker puts headers and relocations, and nothing that runs, into a segment of their own. */
            unused = (void *)start;
            size = end - start;
        }
    }
    /* Last: a look at the headers would bring all of it back. */
    if (unused) madvise(unused, size, MADV_DONTNEED);
}

int main(int argc, char **argv) {
    finish_relocation();
    return shim_main(argc, argv);
}
