"""The facts that the texts state, typed; no behaviour beyond plain questions.

All are named tuples: a host of 10,000 connections has 60,000 of them, and a
named tuple costs a quarter of a frozen dataclass, to create and to define.
Absent is ``None``, never 0. Durations are seconds; charon prints them cut to one
unit (``2 hours`` stands for 2:00:01 to 2:59:59), so they are lower bounds.
Lines are counted from 1.
"""
