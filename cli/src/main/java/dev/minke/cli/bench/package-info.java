/// Measurements of kernels against the peaks of this machine.
@NullMarked
package dev.minke.cli.bench;

import org.jspecify.annotations.NullMarked;
