/// Tests across modules: the architecture, the module descriptors, the command as a process.
@NullMarked
package dev.minke.it;

import org.jspecify.annotations.NullMarked;
