package dev.minke.model.hub;

import java.nio.file.Path;

/// A model that is complete on disk.
///
/// @param folder with all of its files
/// @param model what to open: that folder, or the (first) GGUF file
/// @param commit of the hub's repository
/// @param files how many it has
/// @param bytes of them
/// @param fetchedBytes how many of those came over the network now
public record PullResult(
        Path folder, Path model, String commit, int files, long bytes, long fetchedBytes) {}
