# hg_embed(TARGET SYMBOL FILES...): compiles text files in as a table
#   const struct embedded SYMBOL[]: name (file name without extension), text, length; ends with NULL.
# The header is src/core/embedded.h.
function(hg_embed target symbol)
	set(out ${CMAKE_CURRENT_BINARY_DIR}/embed-${symbol}.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} "-DFILES=${ARGN}"
			-P ${PROJECT_SOURCE_DIR}/cmake/embed-script.cmake
		DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed-script.cmake
		COMMENT "Embedding ${symbol}" VERBATIM)
	target_sources(${target} PRIVATE ${out})
endfunction()
