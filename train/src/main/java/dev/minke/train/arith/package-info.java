/// Grade-school arithmetic word problems with their reasoning, generated without end and split so
/// that test problems share neither a combination of sentences nor a tuple of numbers with
/// training.
///
/// - [dev.minke.train.arith.WordProblems], [dev.minke.train.arith.WordProblem],
///   [dev.minke.train.arith.Split], [dev.minke.train.arith.Reasoning]: what callers use
/// - [dev.minke.train.arith.ArithAnswer]: reads the final answer out of a completion
/// - `Plan`, `Planner`, `Quantities`, `Holdout`: what is told, with which numbers, in which split
/// - `Equation`, `Working`, `Operation`: the arithmetic and how a child would do it
/// - `Scenario`, `Step`, `Form`, `Noun`, `Cast`, `Phrase`: sentences and how they are filled in
/// - `Scenarios`, `PossessionScenarios`, `PlaceScenarios`: the wording
@org.jspecify.annotations.NullMarked
package dev.minke.train.arith;
