"""Is an answer right? Without a model; judging/ asks one.

score.py writes scores.jsonl. Evidence: retrieval. Answers: answers (which rule), judgement (its result), then a
rule a file: text, spans, claims, numbers, number_words, figures, dates, lists, yes_no, abstention.

Order: judging, retrieval, number_words, text, claims, judgement, numbers, spans, dates, figures, lists, yes_no,
answers, abstention, score.
"""
