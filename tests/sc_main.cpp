// libsystemc refers to sc_main; in tests GoogleTest's main runs, and this is never called.
extern "C" int sc_main(int /*argc*/, char** /*argv*/);
extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 1; }
