# What every target of the project has in common.
add_library(lacuna_flags INTERFACE)
target_compile_options(lacuna_flags INTERFACE -Wall -Wextra -Wconversion)
# No fused multiply-add, no reassociation: float results are part of the specification.
target_compile_options(lacuna_flags INTERFACE -ffp-contract=off)
if(LACUNA_SANITIZE)
  # GCC 12 takes members of libstdc++'s regex and variant for uninitialised where it also sanitizes.
  target_compile_options(lacuna_flags INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_definitions(lacuna_flags INTERFACE LACUNA_SANITIZED)
  target_link_options(lacuna_flags INTERFACE -fsanitize=address,undefined)
  find_program(LLD ld.lld) # links in a quarter of the time
  if(LLD)
    target_link_options(lacuna_flags INTERFACE -fuse-ld=lld)
  endif()
endif()
if(LACUNA_COVERAGE)
  target_compile_options(lacuna_flags INTERFACE --coverage)
  target_link_options(lacuna_flags INTERFACE --coverage)
endif()

# A room, or a test program, as a few translation units, which saves most of the work on headers and
# their templates. Its names are therefore unique, those in anonymous namespaces, too.
function(lacuna_together name)
  set_target_properties(${name} PROPERTIES
    UNITY_BUILD ${LACUNA_UNITY_ROOMS}
    UNITY_BUILD_BATCH_SIZE ${LACUNA_UNITY_BATCH}
    UNITY_BUILD_CODE_BEFORE_INCLUDE "// NOLINTNEXTLINE(bugprone-suspicious-include)")
endfunction()

# A source that is an object of its own also where rooms are compiled together: a list of what the
# program has, beside which a longer one can be linked instead (tests/docs).
function(lacuna_alone source)
  set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# Of a room where no time is spent (COLD), or little (COOL): its compilation is what costs. A COOL one
# is compiled in less time under the sanitizers only.
function(lacuna_cold name)
  if(LACUNA_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
  else()
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# lacuna_library(NAME SOURCES ... [USES lacuna_x ...] [PACKAGES pkg::target ...] [COLD|COOL])
# A folder of sim/ is a target lacuna_<folder>. PACKAGES are private: their headers stay at home.
function(lacuna_library name)
  cmake_parse_arguments(ARG "COLD;COOL" "" "SOURCES;USES;PACKAGES" ${ARGN})
  add_library(lacuna_${name} STATIC ${ARG_SOURCES})
  target_include_directories(lacuna_${name} PUBLIC ${PROJECT_SOURCE_DIR}/sim)
  target_link_libraries(lacuna_${name} PUBLIC ${ARG_USES} PRIVATE lacuna_flags ${ARG_PACKAGES})
  set_property(GLOBAL APPEND PROPERTY LACUNA_ROOM_TARGETS lacuna_${name})
  lacuna_together(lacuna_${name})
  if(ARG_COLD OR (ARG_COOL AND LACUNA_SANITIZE))
    lacuna_cold(lacuna_${name})
  endif()
endfunction()
