/// Weights in files: safetensors, folders in Hugging Face's layout, and writing without halves.
///
/// - [HuggingFaceFolder]: config.json with one safetensors file or an index of shards, for reading
/// - [Safetensors]: one mapped file, validated before anything of it is used
/// - [SafetensorsHeader]: the rules that its header has to obey
/// - [SafetensorsWriter]: the same files, streamed out
/// - [TensorInfo], [TensorSpec], [StoredType]: what a stored tensor is
/// - [AtomicFiles]: write beside, force to disk, rename
/// - [MalformedCheckpoint]: what a broken file ends in
@org.jspecify.annotations.NullMarked
package dev.minke.model.checkpoint;
