/// GGUF: files of quantized tensors with their metadata, for reading and writing, whole or split.
///
/// - [GgufCheckpoint]: all parts of a model as one, for reading
/// - [GgufFile]: one mapped file, validated before anything of it is used
/// - [GgufHeader], [HeaderCursor], [Wire]: the rules that a header has to obey
/// - [GgufMetadata]: the keys of a file, with typed access
/// - [GgufValue], [GgufArray], [GgufValueType]: what a key may hold
/// - [GgufTensor], [GgufTensorSpec], [GgufType]: what a stored tensor is
/// - [GgufWriter], [GgufLayout], [HeaderSink], [Extents], [PendingFile]: the same files, streamed
///   out
/// - [SplitName]: how the parts of a split model are called
/// - [TensorNames]: what tensors are called there and in Hugging Face's checkpoints
@org.jspecify.annotations.NullMarked
package dev.minke.model.checkpoint.gguf;
