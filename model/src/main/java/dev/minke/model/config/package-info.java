/// What the weights are: the keys of a published config.json as records, and what follows from
/// them.
///
/// - [DeepSeekConfig]: one model of the family; reading, writing, sizes and cost
/// - [Family], [MlaConfig], [MoeConfig], [RopeConfig], [YarnConfig], [Fp8Config], [HubConfig]: its
///   parts
/// - [ScoringFunc], [TopkMethod]: the closed choices of the router
/// - [TensorInventory]: names and shapes of every stored tensor
/// - [MalformedConfig]: what a config.json that does not fit ends in
@org.jspecify.annotations.NullMarked
package dev.minke.model.config;
