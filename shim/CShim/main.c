/* The program's entry: Embedded Swift has no CommandLine. */
int shim_main(int argc, char **argv);

int main(int argc, char **argv) {
    return shim_main(argc, argv);
}
