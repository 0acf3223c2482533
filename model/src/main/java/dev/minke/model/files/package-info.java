/// Models on disk, whatever their format: open ([ModelFiles]), convert and quantise.
///
/// Everything here speaks Hugging Face's names, shapes and row orders, also about GGUF.
@NullMarked
package dev.minke.model.files;

import org.jspecify.annotations.NullMarked;
