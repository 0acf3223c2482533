/// What a model costs before there is one: counted from its configuration alone.
///
/// - [ModelPlan]: everything about one model, as text and as keys and values; [PlanOptions]: for
///   which context, machine and training
/// - [KnownModels]: configurations by name
/// - [Part], [PartSize]: parameters by part
/// - [CacheScheme]: bytes a token takes in the cache, against other kinds of attention
/// - [WeightFormat], [WeightSize]: bytes the weights take by storage type
/// - [TrainingMemory], [TrainingCost]: states of a training run; GPU hours and price
@org.jspecify.annotations.NullMarked
package dev.minke.model.plan;
