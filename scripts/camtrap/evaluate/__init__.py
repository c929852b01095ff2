"""How well do the clusters agree with a truth?"""
