/// The command line: [Main], its subcommands, and what they print to ([Console]).
@NullMarked
package dev.minke.cli;

import org.jspecify.annotations.NullMarked;
