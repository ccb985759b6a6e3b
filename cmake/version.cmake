# What version.c knows of the source: the project's version, `git describe` and
# the date of the commit.  A packager without a repository gives BERTY_VCS_REF
# and SOURCE_DATE_EPOCH.
set(BERTY_VCS_REF "" CACHE STRING "The source's revision; empty: ask git")

function(berty_git out)
  # No lock: others may be at work in the same repository.
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0 git ${ARGN}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE text
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(text "")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(berty_version_header)
  set(BERTY_VCS_REF_FOUND "${BERTY_VCS_REF}")
  set(BERTY_DATE_FOUND "$ENV{SOURCE_DATE_EPOCH}")
  # A folder inside somebody else's repository is no repository of ours.
  if(EXISTS ${CMAKE_SOURCE_DIR}/.git)
    if(BERTY_VCS_REF_FOUND STREQUAL "")
      berty_git(BERTY_VCS_REF_FOUND describe --always --tags --dirty)
    endif()
    if(BERTY_DATE_FOUND STREQUAL "")
      berty_git(BERTY_DATE_FOUND log -1 --format=%ct)
    endif()
  endif()
  # No commit is of the future: then it was made by a clock that was wrong.
  string(TIMESTAMP now "%s" UTC)
  if(NOT BERTY_DATE_FOUND MATCHES "^[0-9]+$")
    set(BERTY_CONFIGURED ${now} CACHE INTERNAL "When this was configured")
    set(BERTY_DATE_FOUND ${BERTY_CONFIGURED})
  elseif(BERTY_DATE_FOUND GREATER now)
    set(BERTY_DATE_FOUND ${now})
  endif()
  configure_file(${CMAKE_SOURCE_DIR}/cmake/version_build.h.in
    ${CMAKE_BINARY_DIR}/generated/version_build.h @ONLY)
endfunction()
