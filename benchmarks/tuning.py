import argparse, statistics, time, sys
import numpy as np
import optuna
from optuna.samplers import TPESampler
from simulated_model import *
from optimizers.tuning.space import Space, Span
from optimizers.tuning.search import Search
from optimizers.tuning.course import divide
from optimizers.tuning.sheet import OWN_SERVER
from optimizers.tuning import selecting
optuna.logging.set_verbosity(optuna.logging.ERROR)
POP=20000
def plain(model, dev, trials, seed, space):
    study=optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, multivariate=True, group=True, warn_independent_sampling=False))
    calls=0
    def objective(trial):
        nonlocal calls
        c=space.suggest(trial)
        calls+=c.votes*dev
        return float(model.right(c, draw=("plain",trial.number), rows=slice(0,dev)).mean())
    study.optimize(objective,n_trials=trials)
    return space.suggest(optuna.trial.FixedTrial(study.best_params)), calls, study.best_value
def main():
    ap=argparse.ArgumentParser(); ap.add_argument("--seeds",type=int,default=5); ap.add_argument("--dev",type=int,default=1272); ap.add_argument("--trials",type=int,default=60)
    ap.add_argument("--alpha",type=float,default=.2); ap.add_argument("--tie",type=float,default=.2); ap.add_argument("--share",type=float,default=.6); ap.add_argument("--block",type=int,default=25); ap.add_argument("--finalists",type=int,default=6); ap.add_argument("--pruner",default="racing"); ap.add_argument("--start",type=int,default=0); ap.add_argument("--noplain",action="store_true"); ap.add_argument("--growth",type=float,default=1.5); ap.add_argument("--plain-trials",type=int,default=60); ap.add_argument("--tstep",type=float,default=.1); ap.add_argument("--pstep",type=float,default=.1); ap.add_argument("--late",type=float,default=.5); ap.add_argument("--late1",type=float,default=.5); ap.add_argument("--scouts",type=int,default=3)
    o=ap.parse_args()
    import warnings; warnings.simplefilter("ignore")
    space=Space(temperature=Span(low=0,high=1.2,step=o.tstep),top_p=Span(low=1-2*o.pstep if o.pstep>.1 else .5,high=1,step=o.pstep))
    import optimizers.tuning.trial_record as TR, optimizers.tuning.search as SE; TR.SCOUTS=SE.SCOUTS=o.scouts
    import optimizers.tuning.racing as R; R.RacingPruner.__init__.__defaults__=(R.ALPHA,None,o.late,o.late1)
    rows=[]
    for seed in range(o.start,o.start+o.seeds):
        model=SimulatedModel(seed,o.dev+POP)
        truth=lambda c: float(model.right(c,draw="truth",rows=slice(o.dev,None)).mean())
        t=time.time()
        examiner=SimulatedExaminer(model,o.dev)
        tune,select=divide(simulated_questions(o.dev),seed,o.share,o.block,o.growth)
        first=[]
        from optimizers.tuning.configuration import Configuration
        first=[Configuration("zero-shot"),Configuration("few-shot",k=5),Configuration("knn-few-shot",k=5),Configuration("cot"),Configuration("few-shot-cot",k=5),Configuration("knn-cot",k=5),Configuration("knn-cot",k=5,votes=5,temperature=.8,top_p=.8,shuffle=True)]
        s=Search(space,seed=seed,alpha=o.alpha,pruner=o.pruner,first=tuple(first))
        study=optuna.create_study(directions=s.directions())
        s.run(study,tune,examiner,o.trials)
        c1=examiner.calls
        found=selecting.candidates(study,tune.golds)
        fin=selecting.finalists(found,"accuracy",s.rates,o.alpha,o.finalists)
        ex=list(selecting.examine(fin,select,examiner,o.alpha))
        w=selecting.winner(ex,"accuracy",s.rates,o.tie)
        best=max(ex,key=lambda c:(sum(selecting.on_select(c)),-c.cost(s.rates)))
        both=max(ex,key=lambda c:(sum(selecting.on_select(c))+sum(selecting.on_tune(c)),-c.cost(s.rates)))
        ours=truth(w.configuration); t1=time.time()-t
        if o.noplain: pc,calls,pt=None,0,0
        else:
            pc,calls,pv=plain(model,o.dev,o.plain_trials,seed,space); pt=truth(pc)
        ncomp=len([x for x in study.trials if x.state.name=="COMPLETE"])
        rows.append((calls/examiner.calls, 100*(pt-ours),100*(pt-truth(best.configuration)),100*(pt-truth(both.configuration)), c1,examiner.calls,calls,ncomp))
        print(f"{seed}: plain {pt:.4f} ours {ours:.4f} ratio {calls/examiner.calls:.1f} search {c1} total {examiner.calls} plain {calls} complete {ncomp} regret cheapest {rows[-1][1]:.2f} best {rows[-1][2]:.2f} both {rows[-1][3]:.2f} [{t1:.1f}s {time.time()-t-t1:.1f}s] {w.configuration.label()} | {pc and pc.label()} | zs {truth(first[0]):.3f}",flush=True)
    a=np.array(rows)
    print(sys.argv[1:],"mean ratio",a[:,6].sum()/a[:,5].sum(),"median",np.median(a[:,0]),"regret: cheapest",a[:,1].mean(),"best",a[:,2].mean(),"both",a[:,3].mean())
main()
