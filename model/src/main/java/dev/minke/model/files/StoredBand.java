package dev.minke.model.files;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Function;

/// Some rows of a weight in a file.
///
/// @param file the file
/// @param offset first byte
/// @param length bytes
/// @param view makes the rows from a copy of these bytes
public record StoredBand(
        Path file, long offset, long length, Function<MemorySegment, WeightRows> view) {}
