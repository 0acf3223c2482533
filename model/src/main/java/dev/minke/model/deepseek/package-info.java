/// The DeepSeek model in the order of the V3 report: [LatentAttention] (2.1.1), [Router] and
/// [MoeLayer] (2.1.2), [MtpModule] (2.2), put together by [Block] and [DeepSeekModel].
@NullMarked
package dev.minke.model.deepseek;

import org.jspecify.annotations.NullMarked;
