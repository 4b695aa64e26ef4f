# What every target of the project has in common.
add_library(lacuna_flags INTERFACE)
target_compile_options(lacuna_flags INTERFACE -Wall -Wextra -Wconversion)
# No fused multiply-add, no reassociation: float results are part of the specification.
target_compile_options(lacuna_flags INTERFACE -ffp-contract=off)
if(LACUNA_SANITIZE)
  target_compile_options(lacuna_flags INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lacuna_flags INTERFACE -fsanitize=address,undefined)
endif()
if(LACUNA_COVERAGE)
  target_compile_options(lacuna_flags INTERFACE --coverage)
  target_link_options(lacuna_flags INTERFACE --coverage)
endif()

# lacuna_library(NAME SOURCES ... [USES lacuna_x ...] [PACKAGES pkg::target ...])
# A folder of sim/ is a target lacuna_<folder>. PACKAGES are private: their headers stay at home.
function(lacuna_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PACKAGES" ${ARGN})
  add_library(lacuna_${name} STATIC ${ARG_SOURCES})
  target_include_directories(lacuna_${name} PUBLIC ${PROJECT_SOURCE_DIR}/sim)
  target_link_libraries(lacuna_${name} PUBLIC ${ARG_USES} PRIVATE lacuna_flags ${ARG_PACKAGES})
endfunction()
