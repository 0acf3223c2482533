/// Render chat templates: the part of Jinja that checkpoints use, as transformers renders it.
///
/// - `ChatTemplate`, `ChatInput`, `TemplateLimits`: parse once, render often, within bounds.
/// - `ChatTemplates`, `TemplateJson`: the templates of a checkpoint, conversations in JSON.
/// - `MalformedTemplate`, `TemplateException`: what is wrong and where.
/// - `Source`, `Token`, `Lexer`, `Escapes`, `NumberEnd`, `TokenReader`, `OperandParser`,
///   `ExpressionParser`, `Parser`: from text to a tree.
/// - `Statement`, `Expr`, `Target`, `Body`, `CallArguments`, `FilterCall`: the tree, which
///   evaluates itself.
/// - `Rendering`, `Scope`, `TextBuilder`: the state of one rendering, which meters it.
/// - `Value`, `Text`, `Int`, `Real`, `Bool`, `None`, `Items`, `Dict`, `DictView`, `Range`,
///   `Stream`, `Undefined`, `Namespace`, `Loop`, `Macro`, `BoundMethod`, `Builtin`, `Callable`: the
///   closed set of values a template can touch; nothing of Java is reachable from it.
/// - `Operators`, `Comparison`, `Numbers`, `Slices`, `Attributes`, `Iteration`, `Keys`, `Sorting`,
///   `Conversion`: Python's semantics.
/// - `Printer`, `JsonWriter`, `PercentFormat`, `BraceFormat`, `FormatSpec`, `Strftime`, `Html`,
///   `Chars`, `Search`: Python's spelling of values, and text.
/// - `Args`, `Filters`, `TextFilters`, `SequenceFilters`, `NumberFilters`, `Predicates`,
///   `TextMethods`, `LetterCase`, `Splitting`, `ContainerMethods`: what templates call.
@NullMarked
package dev.minke.model.template;

import org.jspecify.annotations.NullMarked;
