# Installs the three libraries, the contract's messages that they stand on, and what find_package reads.
include(CMakePackageConfigHelpers)

set(CONFIG_FOLDER lib/cmake/tasker_client)
install(DIRECTORY include/tasker DESTINATION include COMPONENT tasker_client)
foreach(part client http testkit)
  install(EXPORT tasker_${part} NAMESPACE tasker:: FILE tasker_${part}_targets.cmake
    DESTINATION ${CONFIG_FOLDER} COMPONENT tasker_client)
endforeach()
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tasker_client-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/tasker_client-config-version.cmake cmake/tasker_client-config.cmake
  DESTINATION ${CONFIG_FOLDER} COMPONENT tasker_client)
