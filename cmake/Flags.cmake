# Warnings are errors with both compilers; PLENUM_SANITIZE picks a sanitizer set.
set(PLENUM_SANITIZE "" CACHE STRING "empty, address or thread")
option(PLENUM_FUZZ "build the libFuzzer targets (clang only)" OFF)

add_library(plenum_flags INTERFACE)
target_compile_options(plenum_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
# g++ 12 reports these inside its own headers at -O2 (std::string concatenation, std::optional, std::variant).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(plenum_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
target_compile_definitions(plenum_flags INTERFACE PLENUM_VERSION="${PROJECT_VERSION}")
target_include_directories(plenum_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
# A test's own code runs once for each time it is compiled, and the compiler takes longer.
add_library(plenum_test_flags INTERFACE)
target_compile_options(plenum_test_flags INTERFACE $<$<CONFIG:RelWithDebInfo>:-O0>)
if(PLENUM_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(PLENUM_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  # Fences are what it does not see, and g++ says so. Asio has them beside the locks and queues that order its
  # callbacks anyway; the tree has none of its own.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
  add_link_options(-fsanitize=thread)
endif()
if(PLENUM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
