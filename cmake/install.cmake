# What is installed: the library with what builds against it, the command with its pages and
# completions, and the data files.
include(CMakePackageConfigHelpers)
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hourglass)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/install)

install(TARGETS hourglass EXPORT hourglass-targets
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/hourglass DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
	PATTERN "*.h")
install(EXPORT hourglass-targets NAMESPACE hourglass:: DESTINATION ${cmake_dir})
configure_package_config_file(cmake/hourglass-config.cmake.in ${generated}/hourglass-config.cmake
	INSTALL_DESTINATION ${cmake_dir})
write_basic_package_version_file(${generated}/hourglass-config-version.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/hourglass-config.cmake ${generated}/hourglass-config-version.cmake
	DESTINATION ${cmake_dir})

# Relative to the file itself, so that DESTDIR and a moved tree work.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/hourglass.pc.in ${generated}/hourglass.pc @ONLY)
install(FILES ${generated}/hourglass.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB devices CONFIGURE_DEPENDS devices/*.json)
file(GLOB workloads CONFIGURE_DEPENDS workloads/*.json)
install(FILES ${devices} DESTINATION ${CMAKE_INSTALL_DATADIR}/hourglass/devices)
install(FILES ${workloads} DESTINATION ${CMAKE_INSTALL_DATADIR}/hourglass/workloads)
get_property(fakes GLOBAL PROPERTY hg_fakes)
install(TARGETS ${fakes} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/hourglass/fake)
install(TARGETS hg_fake_sysfs RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(section 1 3 5 7)
	file(GLOB pages CONFIGURE_DEPENDS man/*.${section})
	install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET hg_store_postgres)
	install(TARGETS hg_store_postgres LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/hourglass)
endif()
if(TARGET hourglass-cli)
	install(TARGETS hourglass-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Completion scripts come from the command itself.
if(TARGET hourglass-cli AND NOT CMAKE_CROSSCOMPILING)
	set(completions)
	foreach(pair bash=bash-completion/completions/hourglass zsh=zsh/site-functions/_hourglass
			fish=fish/vendor_completions.d/hourglass.fish)
		string(REGEX MATCH "^(.*)=(.*)/(.*)$" _ ${pair})
		set(shell ${CMAKE_MATCH_1})
		set(to ${CMAKE_MATCH_2})
		set(script ${generated}/${shell}/${CMAKE_MATCH_3})
		add_custom_command(OUTPUT ${script}
			COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}/${shell}
			COMMAND hourglass-cli completion ${shell} > ${script}
			DEPENDS hourglass-cli VERBATIM)
		list(APPEND completions ${script})
		install(FILES ${script} DESTINATION ${CMAKE_INSTALL_DATADIR}/${to})
	endforeach()
	add_custom_target(completions ALL DEPENDS ${completions})
endif()
