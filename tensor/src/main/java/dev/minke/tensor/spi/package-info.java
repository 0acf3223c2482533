/// What a back end implements: [KernelBackend] is found by ServiceLoader and opens a [KernelSet].
@NullMarked
package dev.minke.tensor.spi;

import org.jspecify.annotations.NullMarked;
