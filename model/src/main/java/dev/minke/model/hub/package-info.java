/// Fetch models from a Hugging Face-compatible hub, and know which are on disk.
///
/// - [ModelReference]: what a user types, ORG/NAME[@REVISION][:QUANTISATION]
/// - [HubSettings], [ProxySettings], [Backoff], [HubClient]: the hub's HTTP interface; `HubHttp`
///   keeps the token from other hosts, `HubFailures` says what an answer means
/// - [HubRepository], [HubFile], [FileHash]: what it says about a model
/// - [FileSelection], [GgufModel], [ChoiceNeeded]: which of a repository's files are wanted
/// - [ModelPull], [PullOptions], [PullListener], [PullResult]: fetch them in parallel ranges, go on
///   after a cut, verify; `PullRun` directs, `FileDownload` fetches, `PartFile` keeps
/// - [ModelStore], [StoredModel]: the folders on disk, each with a manifest
/// - [HubException]: what is refused, in one line
///
/// Nothing here reads the environment, and nothing else of this module needs the network.
@org.jspecify.annotations.NullMarked
package dev.minke.model.hub;
