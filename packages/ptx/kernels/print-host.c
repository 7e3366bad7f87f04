// Prints what the kernel `formats` of print.cu must print.
#include <stdio.h>
#include "formats.h"
#define P(...) printf(__VA_ARGS__);
int main(void) { FORMATS return 0; }
