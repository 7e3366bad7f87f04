// What Microsoft's linker would bring along: operators new and delete, static objects, type_info's table, and the DLL's entry.
#include "exceptions.h"

// The table behind every type's type_info: programs have their own, and nothing calls through this one.
#ifdef _WIN64
__asm__(".section .rdata,\"dr\"\n.globl \"??_7type_info@@6B@\"\n.p2align 3\n\"??_7type_info@@6B@\": .quad 0, 0\n.text\n");
#else
__asm__(".section .rdata,\"dr\"\n.globl \"??_7type_info@@6B@\"\n.p2align 2\n\"??_7type_info@@6B@\": .long 0, 0\n.text\n");
#endif

extern "C" int _fltused = 1;
extern "C" void __std_terminate();
// Objects of the library live as long as the process: programs write to cout from their exit functions.
extern "C" int atexit(void(__cdecl *)()) { return 0; }
extern "C" int _purecall() { abort(); }

void *operator new(size_t size) {
  for (;;) {
    if (void *const block = malloc(size)) return block;
    if (_callnewh(size) == 0) throw std::bad_alloc();
  }
}
void operator delete(void *block) noexcept { free(block); }
void operator delete(void *block, size_t) noexcept { free(block); }
void *operator new[](size_t size) { return operator new(size); }
void operator delete[](void *block) noexcept { free(block); }
void operator delete[](void *block, size_t) noexcept { free(block); }

using Initialiser = void(__cdecl *)();
#pragma section(".CRT$XCA", long, read)
#pragma section(".CRT$XCZ", long, read)
__declspec(allocate(".CRT$XCA")) extern const Initialiser firstInitialiser = nullptr;
__declspec(allocate(".CRT$XCZ")) extern const Initialiser lastInitialiser = nullptr;

extern "C" int __stdcall start(void *, unsigned reason, void *) {
  if (reason != 1) return 1;
  for (const Initialiser *at = &firstInitialiser; at != &lastInitialiser; ++at) {
    // Read as it lies in memory: to the compiler these are two variables that never change.
    const Initialiser initialise = *const_cast<const volatile Initialiser *>(at);
    if (initialise != nullptr) initialise();
  }
  return 1;
}
