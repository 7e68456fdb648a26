/* The program's entry: Embedded Swift has no CommandLine. */
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int shim_main(int argc, char **argv);

/* Where the linker put the program's own headers. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* What the start code has relocated is constant from here on. A dynamic linker would do this, but a static program has
 * none, and musl's start code does not. */
static void protect_relocated_data(void) {
    uintptr_t base = (uintptr_t)&__ehdr_start;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < __ehdr_start.e_phnum; index++, segment++) {
        if (segment->p_type != PT_GNU_RELRO) continue;
        uintptr_t start = (base + segment->p_vaddr) & -page;
        uintptr_t end = (base + segment->p_vaddr + segment->p_memsz) & -page;
        if (end > start && mprotect((void *)start, end - start, PROT_READ) < 0) _exit(127);
    }
}

int main(int argc, char **argv) {
    protect_relocated_data();
    return shim_main(argc, argv);
}
