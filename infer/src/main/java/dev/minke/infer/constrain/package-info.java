/// Text under a grammar: which tokens of a vocabulary may come next.
///
/// - For callers: [Constraints] and [ToolCalls] make a [Constraint], whose [Constraint.Matcher]
///   follows one sequence over a [Vocabulary]. [MalformedGrammar] and [GrammarOverflow] are the
///   errors.
/// - Front ends, each ending in a [Grammar] of [Expr]s: [GbnfParser], [RegexParser] with
///   [GeneralCategories], both on [Scanner]; [JsonRules]; for JSON Schema [SchemaSource] (the
///   document), [SchemaFacts] (what it demands), [SchemaDisjoint] (oneOf), [SchemaCompiler] (the
///   grammar), with [JsonType], [NumberRange], [StringFormats] and [CharDfa].
/// - To an [Automaton] over bytes: [GrammarCompiler], [Utf8Ranges], [CodePoints], [Network] of
///   [EdgeList]s, [Assembly], [Needs].
/// - In use: [Stepper] moves a [Config], whose stacks are [StackSet]s of a [StackPool]; [MaskTable]
///   finds and keeps masks. [Ints] is a list.
@NullMarked
package dev.minke.infer.constrain;

import org.jspecify.annotations.NullMarked;
